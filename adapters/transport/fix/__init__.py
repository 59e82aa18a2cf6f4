"""A FIX session that listens: a venue's drop copy, kept message by message as it came.

It is optional (the extra ``listen``). It logs on, answers what the session layer asks, has what is
missing sent again, and logs out; it sends no order and reads no report. Every whole message is
appended to a log and on the disk before anything is said that admits to having it. Where a restart
goes on, that log tells. Clock, waiting and connection are arguments.
"""

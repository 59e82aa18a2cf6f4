"""What is kept when something fails: a process, a server, a disk, the current."""

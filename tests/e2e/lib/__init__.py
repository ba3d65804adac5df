"""What end-to-end tests stand on: real servers, the program as a process, patience."""

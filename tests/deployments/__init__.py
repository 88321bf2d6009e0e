"""What is deployed, served and submitted: on real servers, with a process for each run."""

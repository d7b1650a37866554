"""What comes back: sealed return addresses, the mailbox of reports, and what a report says."""

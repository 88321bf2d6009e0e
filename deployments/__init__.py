"""What runs when: schedules, triggers and automations."""

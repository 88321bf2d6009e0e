"""What an operator sees: governed runs in the Prefect UI, looked at with a headless browser.

runs       `benson run` against a real server, and what it answered
prefect_ui the two UIs that Prefect serves, and where each shows what
look       colours as they are painted, tables as they are read
"""

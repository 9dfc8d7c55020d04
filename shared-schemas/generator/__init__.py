"""Makes the Python and TypeScript of the contract; standard library only. Run by generate.py."""

from quill.cli import main

raise SystemExit(main())

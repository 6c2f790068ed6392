"""expect: error: SystemExit: 0"""

import sys

sys.exit(0)

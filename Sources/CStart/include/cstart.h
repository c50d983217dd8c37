// Nothing to call: what this target does, it does before the program's libraries are set up. See start.c.
#pragma once

#pragma once

/// Whether this process may read the memory of a child by process_vm_readv, which Open MPI uses between the ranks of a
/// machine: 1 if so, 0 if not, -1 if it could not be tried. The seccomp filters of some containers forbid it.
int cprocess_may_read_child(void);

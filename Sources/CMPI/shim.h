#pragma once
#include <mpi.h>

// Swift imports neither macros that cast pointers nor, with Open MPI, the predefined handles, which are such macros.
// Each function below gives one of them a name that Swift can call. With an MPI whose handles are plain constants
// they would not be needed.

/// MPI_COMM_WORLD: all ranks of the job.
static inline MPI_Comm cmpi_comm_world(void) { return MPI_COMM_WORLD; }

/// MPI_BYTE: messages are bytes; only the all-reduce needs to know floats.
static inline MPI_Datatype cmpi_byte(void) { return MPI_BYTE; }

/// MPI_FLOAT: for the all-reduce.
static inline MPI_Datatype cmpi_float(void) { return MPI_FLOAT; }

/// MPI_SUM: for the all-reduce.
static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }

/// MPI_IN_PLACE: the all-reduce reads from where it writes.
static inline void *cmpi_in_place(void) { return MPI_IN_PLACE; }

/// MPI_INFO_NULL: no hints.
static inline MPI_Info cmpi_info_null(void) { return MPI_INFO_NULL; }

/// MPI_REQUEST_NULL: how a finished request is marked.
static inline MPI_Request cmpi_request_null(void) { return MPI_REQUEST_NULL; }

/// MPI_ERRORS_RETURN: a failed call returns a code instead of ending the process without a word of ours.
static inline MPI_Errhandler cmpi_errors_return(void) { return MPI_ERRORS_RETURN; }

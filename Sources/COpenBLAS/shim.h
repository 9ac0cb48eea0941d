// OpenBLAS: its C interface to BLAS, and the LAPACK routines that it exports under their Fortran names. LAPACKE,
// which would declare these, is a library of its own that adds nothing to them.
#pragma once

#include <cblas.h>

void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dposv_(
    const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb, int *info);

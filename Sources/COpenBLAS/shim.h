// CBLAS as installed, and the LAPACK routines that OpenBLAS carries without a C header.
#include <cblas.h>

/// Cholesky factor of a symmetric positive definite matrix (column-major).
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);

/// Solution of a general linear system by LU with partial pivoting (column-major).
void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *ipiv, double *b,
            const int *ldb, int *info);

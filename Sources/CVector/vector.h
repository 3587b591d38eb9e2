// Square roots of whole vectors: Swift's `squareRoot()` on SIMD types calls libm lane by lane.
#pragma once

typedef float vector_float16 __attribute__((ext_vector_type(16)));
typedef double vector_double8 __attribute__((ext_vector_type(8)));

static inline vector_float16 vector_sqrt_float16(vector_float16 x) { return __builtin_elementwise_sqrt(x); }
static inline vector_double8 vector_sqrt_double8(vector_double8 x) { return __builtin_elementwise_sqrt(x); }

// a·b + c, rounded once where the processor can and twice where it cannot.
static inline vector_float16 vector_multiply_add(vector_float16 a, vector_float16 b, vector_float16 c) {
#pragma clang fp contract(fast)
  return a * b + c;
}

// Products of the low 32 bits of every lane; what stands above them does not matter. One instruction,
// written out because the compiler otherwise masks words that need no mask: half of a round of Philox.
typedef unsigned long long vector_uint64x8 __attribute__((ext_vector_type(8)));
typedef unsigned long long vector_uint64x4 __attribute__((ext_vector_type(4)));

static inline vector_uint64x8 vector_multiply_low_words(vector_uint64x8 a, vector_uint64x8 b) {
#if defined(__AVX512F__)
  vector_uint64x8 product;
  __asm__("vpmuludq %2, %1, %0" : "=v"(product) : "v"(a), "v"(b));
  return product;
#elif defined(__AVX2__)
  vector_uint64x4 low, high;
  __asm__("vpmuludq %2, %1, %0" : "=x"(low) : "x"(a.lo), "x"(b.lo));
  __asm__("vpmuludq %2, %1, %0" : "=x"(high) : "x"(a.hi), "x"(b.hi));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}

// Whether the processor has vectors of 512 bits, also where this build does not use them.
static inline int vector_has_512_bits(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f");
#else
  return 0;
#endif
}

// Rows z become tanh(z + bias), by the odd rational function of Eigen and XLA; columns are a multiple
// of sixteen. For processors with vectors of 512 bits: the same bits as with two of 256, in half the
// time.
typedef float vector_unaligned_float16 __attribute__((ext_vector_type(16), aligned(4)));

#if defined(__x86_64__)
__attribute__((noinline, target("avx512f,fma")))
#endif
static void vector_tanh_rows(float *z, const float *bias, long rows, long columns) {
#pragma clang fp contract(fast)
  const vector_float16 bound = 7.905311f;
  for (long row = 0; row < rows; row++) {
    for (long j = 0; j < columns; j += 16) {
      vector_unaligned_float16 *place = (vector_unaligned_float16 *)(z + row * columns + j);
      vector_float16 x = *place + *(const vector_unaligned_float16 *)(bias + j);
      // The order of comparisons lets NaN pass.
      vector_float16 y = bound < x ? bound : x;
      y = -bound > y ? -bound : y;
      vector_float16 t = y * y;
      vector_float16 p = -2.76076847742355e-16f * t + 2.00018790482477e-13f;
      p = p * t + -8.60467152213735e-11f;
      p = p * t + 5.12229709037114e-08f;
      p = p * t + 1.48572235717979e-05f;
      p = p * t + 6.37261928875436e-04f;
      p = p * t + 4.89352455891786e-03f;
      vector_float16 q = 1.19825839466702e-06f * t + 1.18534705686654e-04f;
      q = q * t + 2.26843463243900e-03f;
      q = q * t + 4.89352518554385e-03f;
      *place = y * p / q;
    }
  }
}

// Tells the processor that this thread only waits for another one.
static inline void vector_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// The widest vector, in bits, that this build may use; compiled into what imports it.
#if defined(__AVX512F__)
enum { VECTOR_BITS = 512 };
#elif defined(__AVX2__)
enum { VECTOR_BITS = 256 };
#else
enum { VECTOR_BITS = 128 };
#endif

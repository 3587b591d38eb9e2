import COpenBLAS

/// The linear algebra library underneath.
public enum BLAS {
  /// The kernel that OpenBLAS chose for this processor, for example `Haswell`, `SkylakeX`, `Zen`.
  public static var coreName: String { unsafe String(cString: openblas_get_corename()) }

  /// The library's build configuration.
  public static var configuration: String { unsafe String(cString: openblas_get_config()) }

  /// Threads that one call may use. Parallelism is ours, over environments and minibatch parts, so
  /// programs set this to one at the start.
  public static var threads: Int {
    get { Int(openblas_get_num_threads()) }
    set { openblas_set_num_threads(Int32(newValue)) }
  }
}

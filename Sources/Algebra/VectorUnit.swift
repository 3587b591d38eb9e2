import CVector

/// The vector instructions that this build uses, chosen by `-march` when it was made.
public enum VectorUnit {
  /// The widest vector, in bits.
  public static var bits: Int { Int(VECTOR_BITS) }
}

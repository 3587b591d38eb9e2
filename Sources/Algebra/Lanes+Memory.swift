// Lanes to and from rows of memory: the places where groups of copies meet the arrays of an
// interface. Bounds are checked once per group, not once per number.

extension Lanes {
  /// The whole numbers at places `first` ..< `first + laneCount`; what lies beyond the end counts
  /// as 0.
  @inlinable @inline(__always) public init(_ numbers: Span<Int32>, from first: Int) {
    self.init(repeating: 0)
    if first + Self.laneCount <= numbers.count {
      for lane in 0..<Self.laneCount {
        self[lane: lane] = unsafe Scalar(numbers[unchecked: first + lane])
      }
    } else {
      for place in first..<numbers.count { self[lane: place - first] = Scalar(numbers[place]) }
    }
  }

  /// One column of rows `first` ..< `first + laneCount`, row-major with `width` columns; what lies
  /// beyond the end counts as 0.
  @inlinable @inline(__always) public init(
    _ numbers: Span<Float>, from first: Int, column: Int, of width: Int
  ) {
    self.init(repeating: 0)
    for lane in 0..<min(Self.laneCount, numbers.count / width - first) {
      self[lane: lane] = Scalar(numbers[(first + lane) * width + column])
    }
  }

  /// The numbers at places `first` ..< `first + laneCount`, which must exist.
  @inlinable @inline(__always) public init(_ numbers: [Double], from first: Int) {
    self.init(repeating: 0)
    for lane in 0..<Self.laneCount { self[lane: lane] = Scalar(numbers[first + lane]) }
  }

  /// Writes the lanes to places `first` ..< `first + laneCount`, as far as they exist.
  @inlinable @inline(__always) public func write(
    to numbers: inout MutableSpan<Float>, from first: Int
  ) {
    if first + Self.laneCount <= numbers.count {
      for lane in 0..<Self.laneCount {
        unsafe numbers[unchecked: first + lane] = Float(self[lane: lane])
      }
    } else {
      for place in first..<numbers.count { numbers[place] = Float(self[lane: place - first]) }
    }
  }

  /// Multiplies the numbers at places `first` ..< `first + laneCount` by the lanes.
  ///
  /// - Returns: whether all products are above 0.
  @inlinable @inline(__always) public func multiply(
    into numbers: inout MutableSpan<Double>, from first: Int
  ) -> Bool {
    precondition(first + Self.laneCount <= numbers.count, "no room for \(Self.laneCount) lanes")
    var smallest = Double.infinity
    for lane in 0..<Self.laneCount {
      let product = unsafe numbers[unchecked: first + lane] * Double(self[lane: lane])
      unsafe numbers[unchecked: first + lane] = product
      smallest = product < smallest ? product : smallest
    }
    return smallest > 0
  }

  @inlinable public static func transpose(
    _ columns: Span<Self>, into rows: inout MutableSpan<Float>, row: Int
  ) {
    for column in columns.indices {
      transposeOne(column, of: columns, into: &rows, row: row)
    }
  }

  /// Writes one column.
  @inlinable @inline(__always) static func transposeOne(
    _ column: Int, of columns: Span<Self>, into rows: inout MutableSpan<Float>, row: Int
  ) {
    let width = columns.count
    for lane in 0..<min(laneCount, rows.count / width - row) {
      rows[(row + lane) * width + column] = Float(columns[column][lane: lane])
    }
  }
}

extension SIMD16<Float> {
  @inlinable @inline(__always) public static func transpose(
    _ columns: Span<Self>, into rows: inout MutableSpan<Float>, row: Int
  ) {
    unsafe transposeByFours(columns, into: &rows, row: row) { column, lane in
      unsafe (column + 4 * lane).loadUnaligned(as: SIMD4<Float>.self)
    }
  }
}

extension SIMD8<Double> {
  @inlinable @inline(__always) public static func transpose(
    _ columns: Span<Self>, into rows: inout MutableSpan<Float>, row: Int
  ) {
    unsafe transposeByFours(columns, into: &rows, row: row) { column, lane in
      SIMD4<Float>(unsafe (column + 8 * lane).loadUnaligned(as: SIMD4<Double>.self))
    }
  }
}

extension Lanes where Self: BitwiseCopyable {
  /// Transposes four columns at a time where all rows exist: four loads, eight shuffles, four stores
  /// per four by four numbers.
  ///
  /// - Parameter load: four neighbouring lanes of the bundle at an address.
  @inlinable @inline(__always) static func transposeByFours(
    _ columns: Span<Self>, into rows: inout MutableSpan<Float>, row: Int,
    load: (_ column: UnsafeRawPointer, _ lane: Int) -> SIMD4<Float>
  ) {
    let width = columns.count
    let stride = MemoryLayout<Self>.stride
    precondition(row >= 0 && row * width < rows.count, "row \(row) does not exist")
    let quads = (row + laneCount) * width <= rows.count ? width / 4 : 0
    unsafe rows.withUnsafeMutableBufferPointer { rows in
      unsafe columns.withUnsafeBytes { columns in
        for quad in 0..<quads {
          for lane in Swift.stride(from: 0, to: laneCount, by: 4) {
            let column = unsafe columns.baseAddress.unsafelyUnwrapped + 4 * quad * stride
            let block = unsafe SIMD16<Float>(
              lowHalf: .init(
                lowHalf: load(column, lane), highHalf: load(column + stride, lane)),
              highHalf: .init(
                lowHalf: load(column + 2 * stride, lane),
                highHalf: load(column + 3 * stride, lane)))
            unsafe block.write(
              rowsFrom: rows.baseAddress.unsafelyUnwrapped + (row + lane) * width + 4 * quad,
              width: width)
          }
        }
      }
    }
    for column in 4 * quads..<width {
      transposeOne(column, of: columns, into: &rows, row: row)
    }
  }
}

extension SIMD16<Float> {
  /// Writes four columns of four numbers as four rows.
  @inlinable @inline(__always) func write(
    rowsFrom row: UnsafeMutablePointer<Float>, width: Int
  ) {
    let (even, odd) = (evenHalf, oddHalf)
    unsafe UnsafeMutableRawPointer(row).storeBytes(of: even.evenHalf, as: SIMD4<Float>.self)
    unsafe UnsafeMutableRawPointer(row + width).storeBytes(of: odd.evenHalf, as: SIMD4<Float>.self)
    unsafe UnsafeMutableRawPointer(row + 2 * width).storeBytes(
      of: even.oddHalf, as: SIMD4<Float>.self)
    unsafe UnsafeMutableRawPointer(row + 3 * width).storeBytes(
      of: odd.oddHalf, as: SIMD4<Float>.self)
  }
}

import Foundation

/// Finds places for labels beside points, so that none covers a point or another label.
package struct LabelPlacement {
  /// A rectangle in pixels, y upwards.
  package struct Box: Sendable, Hashable {
    package var left: Double
    package var right: Double
    package var bottom: Double
    package var top: Double

    package init(left: Double, right: Double, bottom: Double, top: Double) {
      (self.left, self.right, self.bottom, self.top) = (left, right, bottom, top)
    }

    package func overlaps(_ other: Box) -> Bool {
      left < other.right && other.left < right && bottom < other.top && other.bottom < top
    }

    package func contains(_ other: Box) -> Bool {
      left <= other.left && other.right <= right && bottom <= other.bottom && other.top <= top
    }
  }

  /// Where a label goes.
  package struct Place {
    package var box: Box
    /// The end of a line from the point to the label.
    package var anchor: (x: Double, y: Double)
    /// Whether the label needs such a line.
    package var isFar: Bool
  }

  private var taken: [Box] = []

  package init() {}

  package mutating func occupy(_ x: Double, _ y: Double, _ radius: Double) {
    taken.append(
      Box(left: x - radius, right: x + radius, bottom: y - radius, top: y + radius))
  }

  /// Distances from the point that are tried, in pixels; from the third on a line leads there.
  private static let distances = [7.0, 10, 18, 28, 40, 54, 70]

  /// The nearest free place for a text beside a point; `nil` where there is none.
  package mutating func place(
    width: Double, height: Double, beside point: (x: Double, y: Double), within bounds: Box
  ) -> Place? {
    for (ring, distance) in Self.distances.enumerated() {
      for step in 0..<16 {
        // East, west, north, south first, then what is between.
        let turn = [0, 8, 4, 12, 2, 14, 6, 10, 1, 15, 7, 9, 3, 13, 5, 11][step]
        let angle = Double(turn) * .pi / 8
        let anchor = (x: point.x + distance * cos(angle), y: point.y + distance * sin(angle))
        let box = Self.box(width, height, at: anchor, cos(angle), sin(angle))
        guard bounds.contains(box), !taken.contains(where: { $0.overlaps(box) }) else { continue }
        taken.append(box)
        return Place(box: box, anchor: anchor, isFar: ring > 1)
      }
    }
    return nil
  }

  /// The box whose side or corner is at an anchor, on the far side of the point.
  private static func box(
    _ width: Double, _ height: Double, at anchor: (x: Double, y: Double), _ dx: Double,
    _ dy: Double
  ) -> Box {
    let left = dx > 0.1 ? anchor.x : dx < -0.1 ? anchor.x - width : anchor.x - width / 2
    let middle = anchor.y + dy * height / 2
    return Box(
      left: left, right: left + width, bottom: middle - height / 2, top: middle + height / 2)
  }
}

public import ArgumentParser
public import Experiments

extension LotSelectionName: ExpressibleByArgument {}

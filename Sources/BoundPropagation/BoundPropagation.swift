// BoundPropagation

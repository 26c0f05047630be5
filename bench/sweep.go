package bench

// Vary returns a copy of the case c for each value, in their order, after set has put the value into it: a sweep of
// one parameter.
func Vary[C, V any](c C, set func(c *C, v V), values ...V) []C {
	cases := make([]C, 0, len(values))
	for _, v := range values {
		one := c
		set(&one, v)
		cases = append(cases, one)
	}
	return cases
}

package bench

import "strconv"

// thousands writes v with a comma between groups of three digits.
func thousands(v int64) string { return group(strconv.FormatInt(v, 10)) }

// micros writes m with a comma between groups of three digits before the point.
func micros(m Micros) string {
	s := m.String()
	point := len(s) - len(".000")
	return group(s[:point]) + s[point:]
}

func group(digits string) string {
	sign := ""
	if digits != "" && digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return sign + string(out)
}

// plural writes a count with its noun: "1 core", "2 cores".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

//go:build !linux

package host

import "runtime"

// detect knows only what the Go runtime knows: core numbers are made up, since there is no mask.
func (m *Machine) detect() {
	m.Kernel = runtime.GOOS
	m.Cores = make([]int, runtime.NumCPU())
	for i := range m.Cores {
		m.Cores[i] = i
	}
}

//go:build !linux

package host

import "errors"

const canPin = false

// Pin always fails.
func Pin(int) (func(), error) {
	return nil, errors.New("host: this system has no thread affinity")
}

package ledger

// Rows is a table of values without pointers, numbered from 0 in the order in which they came. Use it
// by pointer: its memory lies outside of the Go heap once it is large, and goes when the Rows do.
type Rows[T any] struct {
	memory memory[T]
	used   int
}

const rowsMin = 32 // there are as many tables as days, and what is larger doubles

// NewRows returns an empty table.
func NewRows[T any]() *Rows[T] {
	r := &Rows[T]{}
	r.memory = make0[T](r, rowsMin)
	return r
}

// All is the table; valid until the next Add.
func (r *Rows[T]) All() []T { return r.memory.values[:r.used] }

// At is row i; valid until the next Add.
func (r *Rows[T]) At(i uint32) *T { return &r.memory.values[i] }

// Len is the number of rows.
func (r *Rows[T]) Len() int { return r.used }

// Add appends a row.
func (r *Rows[T]) Add(v T) {
	if r.used == len(r.memory.values) {
		grow(r, &r.memory, 2*r.used)
	}
	r.memory.values[r.used] = v
	r.used++
}

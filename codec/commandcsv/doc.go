// Package commandcsv reads and writes flows of orders as CSV, the form in which recorded markets are
// turned into replay tests, and the files of the fills they must give:
//
//	seq,ts_ns,cmd,order_id,side,price,qty              cmd_seq,fill_no,aggressor_id,passive_id,price,qty
//	1,34200004241176,N,1903538,S,5870000,100           3,1,A1,1903538,5870000,65
//	2,34200004241176,R,1903538,S,5870000,10
//	3,34200275016159,A,A1,B,5870000,65
//
// N is an order entry, A one that is immediate-or-cancel (an aggressor), M a modify, R a reduce, D a
// cancel; phases, rules and kill switches have words. docs/formats/command-csv.md has the rules and the
// optional columns. Prices are integers.
//
// Invariants:
//
//   - C1 Order ids are numbers below 2^63, or A and such a number: the aggressors that a recorded
//     venue left unnamed. In a command A1 is 1 with the highest bit set; no two ids meet.
//   - C2 seq grows from line to line; a line that does not is unreadable.
//   - C3 The definition of an instrument comes before its first command; numbers are dense from 1.
//   - C4 A line that cannot be read costs this line alone. A file whose last line has no line end is
//     truncated: a number that was cut is still a number.
//   - C5 A file of unknown columns is refused. Nothing is ignored.
package commandcsv

// Command benchcheck compares the ratios that benchmarks have printed with those of a baseline.
//
//	go test -bench ... -count=3 > run/check.txt      several packages, one file or more
//	benchcheck -baseline bench/baseline.json run/check.txt [run/again.txt...]
//	benchcheck -baseline bench/baseline.json -write run/1.txt run/2.txt run/3.txt
//
// Times on a shared machine vary by a factor of two between minutes, whatever is changed in the code. A benchmark that
// also measures an anchor by turns in the same run prints the ratio of the two, and that varies less. Only ratios are
// compared: units that begin with "x-", of which less is better, and with "of-", of which more is.
//
// How much less is measured too. A baseline is written from several runs of the same set at different times, one file
// each. Of a ratio it has the median over the files and the spread, which is how far the file farthest from the median is
// away from it. A ratio has moved when the median of its runs now differs from that of the baseline by more than
// twice the spread, and by more than a tenth whatever the spread is: twice, because a handful of files shows only a part of
// what can happen; a tenth, because compilers and linkers move code by as much. A ratio that varied so much that this is a
// quarter or more would not find a slowdown by a quarter, and is left out of the baseline, which is said.
//
// Of several files, of one measurement after the other, the best value of each ratio counts: who finds something worse
// measures again, and what others did to the machine is gone by then, while a slowdown is still there.
//
// What is worse is named, by how much, and the exit code is 1. What is better is named as well: the baseline is old then.
// A ratio of the baseline that was not measured at all counts as worse.
package main

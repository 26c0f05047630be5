// Package peers measures the rings and the codec of tezi beside those of others, in one run and by
// turns, so that the ratio means something on a machine that is shared. It is a module of its own:
// what it imports is no dependency of tezi (docs/adr/0009-peers.md).
//
//	make bench-peers
//
// BenchmarkRing passes items of 8 and 64 bytes from one producer to one consumer; BenchmarkTrades
// encodes and decodes 1,000 trades. trade holds what protoc and flatc have generated from
// trade.proto and trade.fbs:
//
//	protoc --go_out=paths=source_relative:. trade.proto
//	protoc --go-vtproto_out=paths=source_relative,features=marshal+unmarshal+size+pool,pool=github.com/tezi-exchange/tezi/bench/peers/trade.Batch:. trade.proto
//	flatc --go -o . trade.fbs
package peers

package io.llm2clip.bench.compare;

import java.nio.file.Path;
import java.util.Set;

/**
 * How rows are measured.
 *
 * @param rounds in each of which every entrant has a turn
 * @param warmUpSeconds of each entrant, before
 * @param threads of each entrant
 * @param peers that take part
 * @param logs folder for what peers print
 */
record RunOptions(int rounds, double warmUpSeconds, int threads, Set<Peer> peers, Path logs) {}

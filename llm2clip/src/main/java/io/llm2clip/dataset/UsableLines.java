package io.llm2clip.dataset;

import java.nio.file.Path;
import java.util.BitSet;

/**
 * The lines of a file that can be used, of any number: a bit per line is kept beside what {@link RecordBlocks} keeps, and a line is read
 * again when it is asked for. They are counted within blocks, so that finding one takes reading a part of the file only.
 */
final class UsableLines {
    private final RecordBlocks blocks;
    private final BitSet usable;

    /** @param usable by number of the line, from 0 */
    UsableLines(Path file, BitSet usable) {
        this.blocks = RecordBlocks.of(file, RecordEnds.Lines::new);
        this.usable = usable;
    }

    /** How many blocks there are. */
    int blocks() {
        return blocks.count();
    }

    /** How many usable lines a block has. */
    int size(int block) {
        return usable.get(block * RecordBlocks.RECORDS, (block + 1) * RecordBlocks.RECORDS)
                .cardinality();
    }

    /** The number of a usable line of a block, from 0. */
    int number(int block, int index) {
        int line = usable.nextSetBit(block * RecordBlocks.RECORDS);
        for (int i = 0; i < index; i++) {
            line = usable.nextSetBit(line + 1);
        }
        return line;
    }

    /** The line of a number. */
    String line(int number) {
        return blocks.record(number / RecordBlocks.RECORDS, number % RecordBlocks.RECORDS);
    }
}

package io.llm2clip.dataset;

import java.nio.file.Path;
import java.util.BitSet;

/**
 * The lines of a file that can be used, of any number: a bit per line is kept, and a line is read again when it is asked for. They are
 * counted within blocks, so that finding one takes reading a part of the file only.
 */
final class UsableLines {
    private final RecordBlocks blocks;
    private final BitSet usable;
    private final OffsetIndex offsets;

    /** @param usable by number of the line, from 0 */
    UsableLines(Path file, BitSet usable) {
        this.blocks = RecordBlocks.of(file, RecordEnds.Lines::new);
        this.usable = usable;
        this.offsets = new OffsetIndex(RecordBlocks.KEPT_OFFSETS, block -> blocks.usableOffsets(block, usable));
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

    /** Where a usable line of a block begins. */
    long offset(int block, int index) {
        return offsets.get(block, index);
    }

    /** The line that begins at an offset. */
    String line(long offset) {
        return blocks.record(offset);
    }
}

package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.attention.HeadLayout;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.RowPanels;
import org.jspecify.annotations.Nullable;

/**
 * Attention, one key/value head at a time, or a part of its blocks of queries where there are few heads. A sequence has the same bits among
 * any others.
 */
final class AttentionLaunch implements Launch {
    private final AttentionShape shape;
    private final @Nullable PanelRows packed;
    private final long[] addresses;
    private final BlockAttention attention;
    private final Workers workers;
    private final HeadLayout layout;

    /** @param panels the layout of the result; null if by rows */
    AttentionLaunch(
            AttentionShape shape,
            @Nullable RowPanels panels,
            long[] addresses,
            BlockAttention attention,
            Workers workers) {
        this.shape = shape;
        packed = panels == null ? null : new PanelRows(panels, addresses[4]);
        this.addresses = addresses;
        this.attention = attention;
        this.workers = workers;
        layout = new HeadLayout(shape);
    }

    @Override
    public void run() {
        Sequences sequences = Sequences.read(shape, addresses[3]);
        if (packed == null) {
            sequences.clearOthers(addresses[4], layout.queryRow());
        } else {
            int channels = packed.panels().columns();
            packed.clear(0, sequences.start(), 0, channels);
            packed.clear(sequences.end(), sequences.rows() - sequences.end(), 0, channels);
        }
        int blocks = 1;
        for (Sequence sequence : sequences.all()) {
            blocks = Math.max(blocks, layout.group() * blocks(sequence));
        }
        int heads = shape.keyValueHeads();
        int all = sequences.all().size() * heads;
        int parts = Math.clamp(4L * workers.threads() / Math.max(1, all), 1, blocks);
        long scratchBytes = attention.scratchBytes(sequences.longest());
        workers.parallel(all * parts, (task, worker) -> {
            int number = task / parts;
            Sequence sequence = sequences.all().get(number / heads);
            KeyValueHead head = new KeyValueHead(layout, addresses, sequence, number % heads);
            attend(head, task % parts, parts, workers.scratch(worker, scratchBytes));
        });
    }

    private int blocks(Sequence sequence) {
        return Math.ceilDiv(sequence.queries(), attention.queries(sequence.queries()));
    }

    /** Every {@code parts}-th block of the query heads that read a head, from {@code part} on. */
    private void attend(KeyValueHead head, int part, int parts, long scratch) {
        int ofHead = blocks(head.sequence());
        int blocks = layout.group() * ofHead;
        if (part >= blocks) {
            return;
        }
        if (head.sequence().keys() == 0) {
            if (part == 0) {
                clear(head);
            }
            return;
        }
        BlockAttention.Attending attending = attention.begin(head, scratch, Math.ceilDiv(blocks - part, parts));
        int queries = head.sequence().queries();
        int ofBlock = attention.queries(queries);
        for (int block = part; block < blocks; block += parts) {
            int from = block % ofHead * ofBlock;
            attending.attend(head.firstHead() + block / ofHead, from, Math.min(ofBlock, queries - from));
        }
        attending.finish();
    }

    private void clear(KeyValueHead head) {
        if (packed != null) {
            int channel = head.firstHead() * shape.headSize();
            int channels = layout.group() * shape.headSize();
            packed.clear(head.sequence().firstQuery(), head.sequence().queries(), channel, channels);
            return;
        }
        long bytes = (long) layout.group() * shape.headSize() * Float.BYTES;
        for (int row = 0; row < head.sequence().queries(); row++) {
            Memory.ALL.asSlice(head.output(head.firstHead(), row), bytes).fill((byte) 0);
        }
    }
}

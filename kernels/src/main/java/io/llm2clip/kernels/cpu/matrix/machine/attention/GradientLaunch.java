package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.attention.HeadLayout;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Gradients of an attention, one key/value head at a time: all query heads of its group and all their blocks add to its gradients, in one
 * order, so that the sums do not depend on the number of threads.
 */
final class GradientLaunch implements Launch {
    private final AttentionShape shape;
    private final long[] addresses;
    private final BlockPrograms programs;
    private final Workers workers;
    private final HeadLayout layout;

    GradientLaunch(AttentionShape shape, long[] addresses, BlockPrograms programs, Workers workers) {
        this.shape = shape;
        this.addresses = addresses;
        this.programs = programs;
        this.workers = workers;
        layout = new HeadLayout(shape);
    }

    @Override
    public void run() {
        Sequences sequences = Sequences.read(shape, addresses[3]);
        sequences.clearOthers(addresses[5], layout.queryRow());
        sequences.clearOthers(addresses[6], layout.keyRow());
        sequences.clearOthers(addresses[7], layout.keyRow());
        int heads = shape.keyValueHeads();
        long bytes = HeadGradient.scratchBytes(shape, programs.width(), sequences.longest());
        workers.parallel(sequences.all().size() * heads, (task, worker) -> {
            Sequence sequence = sequences.all().get(task / heads);
            KeyValueHead head = new KeyValueHead(layout, addresses, sequence, task % heads);
            clear(head);
            if (sequence.keys() > 0) {
                new HeadGradient(head, programs, workers.scratch(worker, bytes)).compute();
            }
        });
    }

    /** What no key or no query has a part in. */
    private void clear(KeyValueHead head) {
        Sequence sequence = head.sequence();
        long bytes = (long) shape.headSize() * Float.BYTES;
        long keys = layout.key(sequence, head.number());
        for (int row = sequence.keys(); row < sequence.keyRows(); row++) {
            clear(addresses[6] + keys + row * layout.keyRow(), bytes);
            clear(addresses[7] + keys + row * layout.keyRow(), bytes);
        }
        for (int row = 0; row < sequence.queries() && sequence.keys() == 0; row++) {
            clear(addresses[5] + layout.query(sequence, head.firstHead(), row), layout.group() * bytes);
        }
    }

    private static void clear(long address, long bytes) {
        Memory.ALL.asSlice(address, bytes).fill((byte) 0);
    }
}

package io.llm2clip.tensor;

import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Frozen elements in the layouts that kernels prefer: each made once, by whoever needs it first, and freed together, by the owner or
 * else with the object.
 */
final class PackedCopies {
    private static final Cleaner CLEANER = Cleaner.create();

    /** Apart from what it belongs to, which would never become unreachable otherwise. */
    private static final class Memory implements Runnable {
        private final List<MemoryBlock> blocks = new ArrayList<>();

        /** Frees all; also the cleaner's action, which runs once. */
        @Override
        public synchronized void run() {
            blocks.forEach(MemoryBlock::close);
            blocks.clear();
        }

        synchronized void add(MemoryBlock block) {
            blocks.add(block);
        }
    }

    private final Map<Packing, MemorySegment> copies = new HashMap<>();
    private final Set<Packing> used = new HashSet<>();
    private final Memory memory = new Memory();
    private final Cleaner.Cleanable cleanable = CLEANER.register(this, memory);

    /** The copy of a packing, made now if there is none; a packer that fails leaves nothing. */
    synchronized MemorySegment get(Packing packing, Consumer<MemorySegment> packer) {
        MemorySegment copy = copies.get(packing);
        if (copy == null) {
            MemoryBlock block = MemoryBlock.allocate(packing.bytes(), "packed weights");
            copy = block.segment();
            try {
                packer.accept(copy);
            } catch (RuntimeException | Error e) {
                block.close();
                throw e;
            }
            memory.add(block);
            copies.put(packing, copy);
        }
        return copy;
    }

    /** Whether there is no copy of a packing and nobody has asked before. */
    synchronized boolean isFirstUse(Packing packing) {
        return !copies.containsKey(packing) && used.add(packing);
    }

    synchronized void free() {
        copies.clear();
        cleanable.clean();
    }
}

package io.llm2clip.training;

import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A step of a batch whose examples are told apart: what helps is to compute blocks again, or the batch by chunks. */
record EmbeddingStep(EmbeddingLoss loss, EmbeddingBatch batch) implements StepMemory.Step {
    @Override
    public long prepare(StepPrograms programs) {
        return programs.prepare(loss, batch);
    }

    @Override
    public boolean summed(StepOptions options) {
        return options.chunk() != null;
    }

    /** One option, or if that is not enough both. */
    @Override
    public String remedies(StepMemory memory, long programs) {
        StepOptions now = memory.options();
        List<String> found = new ArrayList<>();
        if (!now.recompute()) {
            memory.fitting(this, now.withRecompute()).ifPresent(takes -> found.add("--recompute " + takes));
        }
        chunk(memory, programs, now, "--chunk").ifPresent(found::add);
        if (found.isEmpty() && !now.recompute()) {
            chunk(memory, programs, now.withRecompute(), "--recompute --chunk").ifPresent(found::add);
        }
        return found.isEmpty()
                ? "lower --batch or take a smaller model"
                : String.join(", ", found) + ", or lower --batch";
    }

    /** The largest chunk that is tried and fits. */
    private Optional<String> chunk(StepMemory memory, long programs, StepOptions options, String option) {
        Integer chunk = memory.options().chunk();
        int most = chunk == null || chunk >= batch.size() ? batch.size() : chunk;
        for (int tried : Fewer.of(most, memory.room() / programs)) {
            Optional<String> takes = memory.fitting(this, options.withChunk(tried));
            if (takes.isPresent()) {
                return Optional.of("%s %d %s".formatted(option, tried, takes.get()));
            }
        }
        return Optional.empty();
    }
}

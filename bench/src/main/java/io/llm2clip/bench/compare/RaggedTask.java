package io.llm2clip.bench.compare;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.model.BatchedFunction;
import io.llm2clip.model.Batches;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.Llama;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.TokenBatch;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/** Captions of different lengths, encoded without padding in batches of as many tokens as the caption encoder takes. */
final class RaggedTask implements Task {
    private static final int BATCH_TOKENS = 4096;

    private final Parameters owner;
    private final List<CaptionRow> rows;
    private final BatchedFunction function;
    private final FloatMatrix vectors;

    RaggedTask(Request request, Execution execution) {
        owner = OwnModels.frozen(request);
        Llama llama = OwnModels.llama(request, owner);
        rows = OwnModels.ragged(request, llama);
        function = new BatchedFunction(in -> CaptionTensors.pooled(llama, in, false), execution);
        vectors = FloatMatrix.allocate(rows.size(), llama.config().hiddenSize());
    }

    @Override
    public void run() {
        int[] room = rows.stream().mapToInt(TokenBatch::room).toArray();
        function.run(Batches.ofRoom(room, BATCH_TOKENS), this::inputs, vectors, Progress.Phase.NONE);
    }

    private List<TensorData> inputs(int[] items) {
        TokenBatch batch =
                TokenBatch.of(Arrays.stream(items).mapToObj(rows::get).toList());
        return CaptionTensors.of(batch, Pooling.MEAN);
    }

    @Override
    public float[] output() {
        run();
        FloatBuffer all = FloatBuffer.allocate(vectors.rows() * vectors.columns());
        for (int i = 0; i < vectors.rows(); i++) {
            all.put(vectors.toArray(i));
        }
        return all.array();
    }

    /** Of one run, if there was no other. */
    @Override
    public long flops() {
        long before = function.flops();
        run();
        return function.flops() - before;
    }

    @Override
    public String explain() {
        return "Each batch has a program of its own: profile the captions of one.\n";
    }

    @Override
    public void close() {
        function.close();
        owner.close();
    }
}

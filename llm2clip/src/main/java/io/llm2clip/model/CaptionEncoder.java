package io.llm2clip.model;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.kernels.Resources;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.TokenBatch;
import io.llm2clip.text.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A language model as caption encoder: formatted caption, token row, hidden states, pooled vector {@code [D]}, not normalized. */
public final class CaptionEncoder implements AutoCloseable {
    /** Raised by whoever changes what vectors come out of the same model, so that cached ones are not mixed with new ones. */
    private static final String PROGRAM = "3";

    /** Enough to keep all processors busy; bounds the memory of a program. */
    private static final int BATCH_TOKENS = 4096;

    private final Llama llama;
    private final Tokenizer tokenizer;
    private final CaptionFormat format;
    private final Pooling pooling;
    private final Execution execution;
    private final BatchedFunction bidirectional;
    private final BatchedFunction causal;
    private long cut;

    /**
     * An encoder of rows that are no longer than the model computes as it was trained.
     *
     * @param execution where and how it computes
     */
    public CaptionEncoder(
            Llama llama, Tokenizer tokenizer, CaptionFormat format, Pooling pooling, Execution execution) {
        this.llama = llama;
        this.tokenizer = tokenizer;
        this.format = format.within(llama.config().longestSequence());
        this.pooling = pooling;
        this.execution = execution;
        bidirectional = new BatchedFunction(in -> pooled(in, false), execution);
        causal = new BatchedFunction(in -> pooled(in, true), execution);
    }

    /** Where and how it computes. */
    public Execution execution() {
        return execution;
    }

    public Llama llama() {
        return llama;
    }

    /** The caption within its template: what a cached vector is keyed by. */
    public String formatted(String caption) {
        return format.format(tokenizer, caption);
    }

    /** The same with its row, tokenized once. */
    public CaptionFormat.Formatted read(String caption) {
        return format.formatted(tokenizer, caption);
    }

    /** Token rows with their pooled windows, cut on the right to so many tokens: for training, where a long tail costs most. */
    public List<CaptionRow> rows(List<String> captions, int maxLength) {
        CaptionFormat shorter = format.within(maxLength);
        return captions.stream().map(caption -> shorter.row(tokenizer, caption)).toList();
    }

    /** The row of a caption behind an instruction, cut likewise. */
    public CaptionRow row(String instruction, String caption, int maxLength) {
        return format.within(maxLength).row(tokenizer, instruction, caption);
    }

    /** Token rows with their pooled windows. */
    public List<CaptionRow> rows(List<String> captions) {
        return captions.stream().map(caption -> format.row(tokenizer, caption)).toList();
    }

    /** How many captions are cut on the right to have at most so many tokens. */
    public int countCut(List<String> captions, int maxLength) {
        return Math.toIntExact(
                rows(captions, maxLength).stream().filter(CaptionRow::cut).count());
    }

    /** Which captions of one image are short and which are long, by the tokens of the captions alone. */
    public CaptionKinds kinds(List<String> captions) {
        return CaptionKinds.ofRows(rows(captions));
    }

    /** A batch as what {@link #pooled} reads. */
    public List<TensorData> inputs(TokenBatch batch) {
        return CaptionTensors.of(batch, pooling);
    }

    /** Vectors {@code [S, D]} of a batch of at most S captions, the first of which are there. */
    public Tensor pooled(List<Tensor> inputs, boolean causalAttention) {
        return CaptionTensors.pooled(llama, inputs, causalAttention);
    }

    /** Vectors {@code [N, D]} of captions, in their order, with the bidirectional attention of LLM2CLIP. */
    public FloatMatrix encode(List<String> captions, Progress.Phase phase) {
        return encode(captions, false, phase);
    }

    /** The same; with {@code causalAttention} those of the untouched language model. */
    public FloatMatrix encode(List<String> captions, boolean causalAttention, Progress.Phase phase) {
        FloatMatrix vectors =
                FloatMatrix.allocate(captions.size(), llama.config().hiddenSize());
        encode(captions, causalAttention, vectors, phase);
        return vectors;
    }

    /**
     * Vectors {@code [N, D]} of captions, each behind the same instruction, which the model reads and which is not pooled unless the format
     * pools whole rows: with the bidirectional attention of LLM2CLIP.
     *
     * @param instruction such as {@code Given a question, find pictures that answer it:}; the empty one is none
     */
    public FloatMatrix encode(List<String> captions, String instruction, Progress.Phase phase) {
        FloatMatrix vectors =
                FloatMatrix.allocate(captions.size(), llama.config().hiddenSize());
        encode(captions, instruction, false, vectors, phase);
        return vectors;
    }

    /** The same without one into given memory. */
    public void encode(List<String> captions, boolean causalAttention, VectorTarget vectors, Progress.Phase phase) {
        encode(captions, "", causalAttention, vectors, phase);
    }

    /** The same into given memory. */
    public void encode(
            List<String> captions,
            String instruction,
            boolean causalAttention,
            VectorTarget vectors,
            Progress.Phase phase) {
        encodeRows(
                captions.stream()
                        .map(caption -> format.row(tokenizer, instruction, caption))
                        .toList(),
                causalAttention,
                vectors,
                phase);
    }

    /** The same of captions that were read. */
    public void encodeRows(List<CaptionRow> rows, boolean causalAttention, VectorTarget vectors, Progress.Phase phase) {
        cut += rows.stream().filter(CaptionRow::cut).count();
        int[] room = rows.stream().mapToInt(TokenBatch::room).toArray();
        (causalAttention ? causal : bidirectional)
                .run(
                        Batches.ofRoom(room, BATCH_TOKENS),
                        items -> inputs(TokenBatch.of(
                                Arrays.stream(items).mapToObj(rows::get).toList())),
                        vectors,
                        phase);
    }

    /**
     * Says what {@link #encode} with bidirectional attention depends on.
     *
     * @param weights a hash of the language model's
     */
    Fingerprint fingerprint(String weights) {
        return new Fingerprint(Map.of(
                "weights", weights,
                "configuration", llama.config().toString(),
                "tokenizer", tokenizer.digest(),
                "caption format", Fingerprint.hash(format.toString()),
                "pooling", ConfigFile.nameOf(pooling),
                "attention", "bidirectional",
                "precision", ConfigFile.nameOf(execution.options().precision()),
                "program", PROGRAM));
    }

    /** Frees what was compiled of the model, which has other weights from now on; the next captions compile it again. */
    public void weightsChanged() {
        close();
    }

    /** Floating-point operations of everything encoded so far. */
    public long flops() {
        return bidirectional.flops() + causal.flops();
    }

    /** How many of the captions encoded so far were too long, so that their vectors say nothing of their ends. */
    public long cutCaptions() {
        return cut;
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(bidirectional::close, causal::close));
    }
}

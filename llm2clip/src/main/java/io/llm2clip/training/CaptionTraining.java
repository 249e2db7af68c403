package io.llm2clip.training;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.Skipped;
import io.llm2clip.dataset.TextGroups;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.Llama;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import io.llm2clip.training.pair.InstructionTable;
import io.llm2clip.training.pair.PairBatches;
import io.llm2clip.training.pair.Pairing;
import io.llm2clip.training.pair.TextPairs;
import io.llm2clip.training.pair.TextRows;
import io.llm2clip.training.run.TrainingRun;
import java.util.List;

/**
 * Stage 1, caption-contrastive fine-tuning (spec of the reference: LoRA on all linears, bidirectional attention, mean pooling,
 * one direction, cosine times 50): texts of one example attract each other, those of others repel.
 */
public final class CaptionTraining {
    static final String NAME = "stage 1, caption contrast";

    private final CaptionEncoder encoder;
    private final Config config;
    private final PairBatches batches;

    /**
     * How to train.
     *
     * @param steps optimizer steps
     * @param batch pairs per step
     * @param optimizer how far a step goes; the rate falls linearly after its peak
     * @param lora the low-rank updates
     * @param scale factor of the cosines
     * @param bothDirections whether positives seek their queries, too, not only queries their positives as in the reference
     * @param pairing how pairs are drawn
     * @param maxLength tokens of a row; longer captions are cut on the right during training
     * @param seed of pairs and initial updates
     * @param stepOptions how steps are made
     */
    public record Config(
            int steps,
            int batch,
            OptimizerSettings optimizer,
            LoraSettings lora,
            float scale,
            boolean bothDirections,
            Pairing pairing,
            int maxLength,
            long seed,
            StepOptions stepOptions) {
        /** With each batch in one program. */
        public Config(
                int steps,
                int batch,
                OptimizerSettings optimizer,
                LoraSettings lora,
                float scale,
                boolean bothDirections,
                Pairing pairing,
                int maxLength,
                long seed) {
            this(steps, batch, optimizer, lora, scale, bothDirections, pairing, maxLength, seed, StepOptions.PLAIN);
        }

        public Config {
            optimizer.requireFewerThan(steps);
            Limit.CONTRASTIVE_BATCH.require("batch", batch);
            Limit.SCALE.require("scale", scale);
            Limit.COUNT.require("maxLength", maxLength);
        }

        /** What suits a small language model that was just trained from scratch: rate 3e-3, a short warm-up, pairs by length. */
        public static Config fromScratch(int steps, long seed) {
            return of(
                    steps,
                    new OptimizerSettings(3e-3f, Math.min(10, steps / 10), 0, clipped(1)),
                    Pairing.BY_LENGTH,
                    seed);
        }

        /**
         * The paper's recipe, for a pretrained language model: any two captions of an image from the first step on, rate 2e-4, 300 steps
         * of warm-up (of a short training a tenth), no weight decay, gradients clipped to norm 1.
         */
        public static Config pretrained(int steps, long seed) {
            return of(steps, new OptimizerSettings(2e-4f, Math.min(300, steps / 10), 0, clipped(1)), Pairing.ANY, seed);
        }

        private static Config of(int steps, OptimizerSettings optimizer, Pairing pairing, long seed) {
            return new Config(steps, 32, optimizer, LoraSettings.of(16, 32), 50, false, pairing, 512, seed);
        }

        private static AdamW.Options clipped(float norm) {
            return AdamW.Options.DEFAULT.withClipNorm(norm);
        }
    }

    private CaptionTraining(CaptionEncoder encoder, Config config, PairBatches batches) {
        this.encoder = encoder;
        this.config = config;
        this.batches = batches;
    }

    /**
     * Of captions in memory, without instructions.
     *
     * @param groups captions of one image each
     */
    public static CaptionTraining prepare(
            CaptionEncoder encoder, List<List<String>> groups, Config config, Progress progress) {
        DataSource captions = DataSource.of(new TextGroups("the captions", groups));
        return prepare(encoder, List.of(captions), InstructionTable.NONE, config, progress);
    }

    /**
     * Looks at the texts and says what will be different from what was asked for; nothing is trained yet.
     *
     * @param sources what is learned from
     * @param instructions for their queries
     * @throws io.llm2clip.data.InputException if a source has not two examples with texts to pair
     */
    public static CaptionTraining prepare(
            CaptionEncoder encoder,
            List<DataSource> sources,
            InstructionTable instructions,
            Config config,
            Progress progress) {
        TextRows rows = new TextRows() {
            @Override
            public List<CaptionRow> rows(List<String> texts) {
                return encoder.rows(texts, config.maxLength);
            }

            @Override
            public CaptionRow row(String instruction, String text) {
                return encoder.row(instruction, text, config.maxLength);
            }
        };
        PairBatches batches =
                PairBatches.of(sources, instructions, rows, config.pairing, config.batch, config.steps, config.seed);
        batches.remarks().forEach(progress::note);
        return new CaptionTraining(encoder, config, batches);
    }

    /** What is learned from. */
    PairBatches batches() {
        return batches;
    }

    /**
     * Attaches low-rank updates, trains them, and merges them into the model, also those of a training that fails.
     *
     * @return loss of every step
     * @throws DivergedException if loss or gradients of many steps in a row are not finite
     */
    public LossCurve run(Progress progress) {
        return run(TrainingRun.NONE, progress, () -> {});
    }

    /**
     * The same.
     *
     * @param run keeps a record, and says where to begin
     * @param trained is called when all steps are done, before the updates are merged, so that they can be saved alone
     */
    public LossCurve run(TrainingRun run, Progress progress, Runnable trained) {
        OptimizerSettings settings = config.optimizer;
        Schedule schedule = new Schedule.Linear(settings.learningRate(), settings.warmUp(), config.steps);
        Llama llama = encoder.llama();
        Parameters updates = new Parameters(config.seed);
        llama.attachLora(updates, config.lora);
        try (batches;
                AdamW optimizer = optimizer()) {
            TrainingPhase phase = new TrainingPhase(
                    NAME,
                    config.steps,
                    schedule,
                    settings.warmUp(),
                    optimizer,
                    config.stepOptions,
                    encoder.execution().options());
            LossCurve losses = TrainingLoop.run(phase, new PairSteps(progress), run, progress);
            losses.leaveOut(
                    batches.skipped().stream().mapToLong(Skipped::count).sum(),
                    batches.skipped().stream()
                            .flatMap(skipped -> skipped.reasons().stream())
                            .toList());
            trained.run();
            return losses;
        } finally {
            llama.mergeLora();
            encoder.weightsChanged();
            updates.close();
        }
    }

    private final class PairSteps implements StepMaker {
        private final Progress progress;
        private boolean equalTold;

        PairSteps(Progress progress) {
            this.progress = progress;
        }

        @Override
        public void seek(int step, String position) {
            batches.seek(position);
        }

        @Override
        public String position() {
            return batches.position();
        }

        @Override
        public long mappedBytes() {
            return encoder.llama().mappedBytes();
        }

        @Override
        public float make(TrainingLoop loop) {
            TextPairs pairs = batches.next(loop.number());
            PairBatch batch = PairBatch.of(encoder, pairs);
            String kind = pairs.kind().text();
            loop.batch(batches.sources() == 1 ? kind : pairs.source() + ", " + kind, batch.size());
            loop.among(batch.size() + pairs.negatives().size());
            tell(pairs);
            return config.lora.dropout() > 0
                    ? loop.run(
                            new DroppingLoss(loss(), config.seed),
                            new DroppingLoss.Batch(batch, loop.number()),
                            growth(batch))
                    : loop.run(loss(), batch, growth(batch));
        }

        /** As many texts of the greatest length are so many times as many tokens. */
        private double growth(PairBatch batch) {
            Integer chunk = config.stepOptions.chunk();
            TokenBatch tokens = batch.tokens(0, chunk == null ? batch.size() : Math.min(chunk, batch.size()));
            return (double) tokens.size() * batches.longest() / tokens.tokens();
        }

        /** Says, once, that a batch has a caption of two images. */
        private void tell(TextPairs pairs) {
            if (!equalTold
                    && EqualItems.anyEqual(EqualItems.numbers(pairs.positives().stream()
                            .map(TextPairs.Item::plain)
                            .toList()))) {
                equalTold = true;
                progress.note(
                        "Stage 1: examples of a batch have a caption in common; by that they are not told apart.");
            }
        }
    }

    /** Of the updates that are attached. */
    AdamW optimizer() {
        OptimizerSettings settings = config.optimizer;
        return new AdamW(
                ParameterGroups.of(encoder.llama().loraParameters(), settings.weightDecay()),
                settings.adamW(),
                encoder.execution().device());
    }

    /** Of batches of pairs. */
    PairLoss loss() {
        return new PairLoss(encoder, config.scale, config.bothDirections);
    }
}

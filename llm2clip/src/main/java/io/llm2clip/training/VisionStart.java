package io.llm2clip.training;

import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.Logits;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** The vision tower that stage 2 begins with, and the recipe that suits it. */
public sealed interface VisionStart {
    /** What the recipe makes of the data. */
    ClipDataChoices choices();

    /** The recipe of the training. */
    ClipTraining.Config recipe(int steps, long seed);

    /** What the tower is; of a pretrained one its files are read. */
    VisionConfig config();

    /** The tower with its first weights. */
    VisionTower create(Parameters owner);

    /** How it takes images. */
    PreprocessingPreset preprocessing(VisionConfig vision);

    /** What the model that it is of makes of cosines, if it is a published one. */
    Optional<Logits.Values> logits();

    /** What a training should say of it before it begins, if anything. */
    Optional<String> remark();

    /** Where it comes from, as a run records it. */
    String origin();

    /** Whose recipe it is, and why it was chosen. */
    String reason();

    /**
     * A vision tower of CLIP, EVA-CLIP or SigLIP, as {@link VisionTower#open} opens it.
     *
     * @param path of it
     * @param embeddingSize channels of embeddings; a projection to another number is drawn anew, as the reference does. Empty for the
     *     published projection
     */
    record Pretrained(Path path, OptionalInt embeddingSize) implements VisionStart {
        /** With its own projection. */
        public Pretrained(Path path) {
            this(path, OptionalInt.empty());
        }

        /** Random crops, as in the reference, but of images in their own proportions, which it has none of. */
        @Override
        public ClipDataChoices choices() {
            JavaRuntime.require();
            return config().patchLimits().isPresent() ? ClipDataChoices.FROM_SCRATCH : ClipDataChoices.PRETRAINED;
        }

        @Override
        public ClipTraining.Config recipe(int steps, long seed) {
            return ClipTraining.Config.pretrained(steps, seed);
        }

        @Override
        public VisionConfig config() {
            VisionConfig published = VisionConfig.ofCheckpoint(path);
            return embeddingSize.isPresent() ? published.withProjectionSize(embeddingSize.getAsInt()) : published;
        }

        @Override
        public VisionTower create(Parameters owner) {
            return VisionTower.open(
                    owner,
                    path,
                    embeddingSize.isPresent()
                            ? VisionOptions.STORED.withEmbeddingSize(embeddingSize.getAsInt())
                            : VisionOptions.STORED);
        }

        @Override
        public Optional<Logits.Values> logits() {
            return Logits.ofCheckpoint(path);
        }

        @Override
        public Optional<String> remark() {
            int published = VisionConfig.ofCheckpoint(path).projectionSize();
            int now = config().projectionSize();
            return now == published
                    ? Optional.empty()
                    : Optional.of(
                            "stage 2: the projection of the vision tower is drawn anew, to embeddings of %d channels; that of %s gives %d."
                                    .formatted(now, path.getFileName(), published));
        }

        @Override
        public PreprocessingPreset preprocessing(VisionConfig vision) {
            return vision.preprocessing();
        }

        @Override
        public String origin() {
            return RecipeNotes.pretrained(path);
        }

        @Override
        public String reason() {
            return "the paper, because the vision tower is pretrained";
        }
    }

    /** Random weights. */
    record FromScratch(VisionConfig config) implements VisionStart {
        @Override
        public ClipDataChoices choices() {
            return ClipDataChoices.FROM_SCRATCH;
        }

        @Override
        public ClipTraining.Config recipe(int steps, long seed) {
            return ClipTraining.Config.fromScratch(steps, seed);
        }

        @Override
        public VisionTower create(Parameters owner) {
            return VisionTower.create(owner, config);
        }

        @Override
        public Optional<Logits.Values> logits() {
            return Optional.empty();
        }

        @Override
        public Optional<String> remark() {
            return Optional.empty();
        }

        @Override
        public PreprocessingPreset preprocessing(VisionConfig vision) {
            return vision.patchLimits().isPresent() ? vision.preprocessing() : PreprocessingPreset.MINIATURE;
        }

        @Override
        public String origin() {
            return "scratch";
        }

        @Override
        public String reason() {
            return "the recipe for small models, because the vision tower is from scratch";
        }
    }
}

package io.llm2clip;

import io.llm2clip.image.ImageReader;
import io.llm2clip.model.CaptionOptions;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelOptions;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** What a caller may decide otherwise than a model says. Immutable. */
public final class LoadOptions {
    /** Everything as the model says, on the CPU. */
    public static final LoadOptions DEFAULT = new LoadOptions(new Values());

    private final Values values;

    /** The options with their defaults; changed only while they are one object's that is being made. */
    private static final class Values implements Cloneable {
        private Optional<Path> textEncoder = Optional.empty();
        private Optional<Boolean> normalizeCaptions = Optional.empty();
        private VisionOptions vision = VisionOptions.STORED;
        private Optional<SpecialTokens> specialTokens = Optional.empty();
        private CaptionOptions captions = CaptionOptions.STORED;
        private Optional<Boolean> exifOrientation = Optional.empty();
        private long maxPixels = ImageReader.DEFAULT_MAX_PIXELS;
        private Optional<CaptionsBy> captionsBy = Optional.empty();
        private WeightFormat weights = WeightFormat.STORED;
        private Execution execution = Execution.cpu();

        @Override
        protected Values clone() {
            try {
                return (Values) super.clone();
            } catch (CloneNotSupportedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private LoadOptions(Values values) {
        this.values = values;
    }

    private LoadOptions with(Consumer<Values> change) {
        Values changed = values.clone();
        change.accept(changed);
        return new LoadOptions(changed);
    }

    /**
     * Directory or GGUF file of the text encoder of a published LLM2CLIP model; empty for the one that lies beside it under its published
     * name.
     */
    public Optional<Path> textEncoder() {
        return values.textEncoder;
    }

    /** The same with the text encoder of a directory or a GGUF file. */
    public LoadOptions withTextEncoder(Path encoder) {
        return with(options -> options.textEncoder = Optional.of(encoder));
    }

    /**
     * Whether caption vectors are scaled to length 1 before the adapter; empty for what the model was trained with, which is so in all but
     * models that were trained with the text encoder in the same process.
     */
    public Optional<Boolean> normalizeCaptions() {
        return values.normalizeCaptions;
    }

    /** The same with caption vectors scaled to length 1 before the adapter, or as they are. */
    public LoadOptions withNormalizedCaptions(boolean normalize) {
        return with(options -> options.normalizeCaptions = Optional.of(normalize));
    }

    /** How the vision tower is opened, such as for images of another size. */
    public VisionOptions vision() {
        return values.vision;
    }

    /** The same with the vision tower opened so. */
    public LoadOptions withVision(VisionOptions tower) {
        return with(options -> options.vision = tower);
    }

    /** What becomes of special tokens that are spelled out in captions; {@link SpecialTokens#PARSED} is what the reference does. */
    public Optional<SpecialTokens> specialTokens() {
        return values.specialTokens;
    }

    /** The same with special tokens taken so. */
    public LoadOptions withSpecialTokens(SpecialTokens tokens) {
        return with(options -> options.specialTokens = Optional.of(tokens));
    }

    /** An instruction before captions, and how long they may be. */
    public CaptionOptions captions() {
        return values.captions;
    }

    /** The same with captions read so. */
    public LoadOptions withCaptions(CaptionOptions reading) {
        return with(options -> options.captions = reading);
    }

    /** Whether pictures are turned upright as their EXIF orientation says; empty for what the model was trained with. */
    public Optional<Boolean> exifOrientation() {
        return values.exifOrientation;
    }

    /** The same with pictures turned upright, or taken as they are stored. */
    public LoadOptions withExifOrientation(boolean follow) {
        return with(options -> options.exifOrientation = Optional.of(follow));
    }

    /** Larger pictures are refused. */
    public long maxPixels() {
        return values.maxPixels;
    }

    /** The same with larger pictures refused. */
    public LoadOptions withMaxPixels(long pixels) {
        return with(options -> options.maxPixels = pixels);
    }

    /** What embeds captions; empty for what the model itself has. */
    public Optional<CaptionsBy> captionsBy() {
        return values.captionsBy;
    }

    /** The same with captions embedded so. */
    public LoadOptions withCaptionsBy(CaptionsBy encoder) {
        return with(options -> options.captionsBy = Optional.of(encoder));
    }

    /** In which format weights are kept in memory: quantized ones take less and are less exact. */
    public WeightFormat weights() {
        return values.weights;
    }

    /** The same with weights kept so. */
    public LoadOptions withWeights(WeightFormat format) {
        return with(options -> options.weights = format);
    }

    /** Where and how to compute. */
    public Execution execution() {
        return values.execution;
    }

    /** The same, computed there. */
    public LoadOptions withExecution(Execution other) {
        return with(options -> options.execution = other);
    }

    ModelOptions model() {
        return new ModelOptions(
                values.textEncoder,
                values.normalizeCaptions,
                values.vision,
                values.specialTokens,
                values.weights,
                values.execution.device());
    }

    ImageReader reader(ModelDescription description) {
        return new ImageReader(values.exifOrientation.orElse(description.exifOrientation()), values.maxPixels);
    }
}

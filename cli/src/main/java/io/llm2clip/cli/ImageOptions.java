package io.llm2clip.cli;

import io.llm2clip.LoadOptions;
import io.llm2clip.image.ImageReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How pictures are read. */
@HelpSection.In(HelpSection.INPUT)
final class ImageOptions {
    private static final long MEGAPIXEL = 1_000_000;

    private @Nullable Boolean exifOrientation;

    @Option(
            names = "--max-megapixels",
            paramLabel = "N",
            description = "Larger pictures are skipped (default: ${DEFAULT-VALUE}).")
    private int maxMegapixels = (int) (ImageReader.DEFAULT_MAX_PIXELS / MEGAPIXEL);

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    @Option(
            names = "--exif-orientation",
            negatable = true,
            description = {
                "Turn pictures upright as their EXIF orientation says, or take them as they are stored, as the reference"
                        + " implementation does (default: as the model was trained; training turns them).",
                "Transparency and color profiles are always ignored."
            })
    void followExif(boolean follow) {
        exifOrientation = follow;
    }

    /** For a model, which says itself what it was trained with. */
    LoadOptions forModel(LoadOptions options) {
        LoadOptions bounded = options.withMaxPixels(maxPixels());
        return exifOrientation == null ? bounded : bounded.withExifOrientation(exifOrientation);
    }

    /** For training. */
    ImageReader reader() {
        return new ImageReader(exifOrientation == null || exifOrientation, maxPixels());
    }

    private long maxPixels() {
        if (spec != null && maxMegapixels < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--max-megapixels must be at least 1, found %d.".formatted(maxMegapixels));
        }
        return maxMegapixels * MEGAPIXEL;
    }
}

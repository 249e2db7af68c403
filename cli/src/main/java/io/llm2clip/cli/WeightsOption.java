package io.llm2clip.cli;

import io.llm2clip.LoadOptions;
import io.llm2clip.nn.WeightFormat;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** In which format weights are kept in memory. */
@HelpSection.In(HelpSection.INPUT)
final class WeightsOption {
    /** What a user may choose; without the option it is the file's. */
    enum Format {
        F32(WeightFormat.F32),
        BF16(WeightFormat.BF16),
        INT8(WeightFormat.INT8),
        INT4(WeightFormat.INT4);

        private final WeightFormat format;

        Format(WeightFormat format) {
            this.format = format;
        }
    }

    @Option(
            names = "--weights",
            paramLabel = "f32|bf16|int8|int4",
            description =
                    "Keep weights in memory in this format: bf16 takes half of f32, int8 about a quarter, int4 about a sixth, each"
                            + " less exact (default: as the file has them). What a file has in as few bits stays as it is.")
    private @Nullable Format format;

    LoadOptions in(LoadOptions options) {
        return format == null ? options : options.withWeights(format.format);
    }
}

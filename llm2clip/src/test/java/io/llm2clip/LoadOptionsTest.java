package io.llm2clip;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.model.CaptionOptions;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class LoadOptionsTest {
    private static final VisionOptions LARGER = VisionOptions.STORED.withImageSize(448);
    private static final CaptionOptions INSTRUCTED = CaptionOptions.STORED.withInstruction("Find it:");
    private static final Execution ROUNDED = new Execution(Device.cpu(), new ProgramOptions(Precision.BF16));

    private static List<Object> all(LoadOptions options) {
        return List.of(
                options.textEncoder(),
                options.normalizeCaptions(),
                options.vision(),
                options.specialTokens(),
                options.captions(),
                options.exifOrientation(),
                options.maxPixels(),
                options.captionsBy(),
                options.weights(),
                options.execution());
    }

    @Test
    void everyOptionIsChangedAloneAndStaysWhenOthersAre() {
        List<UnaryOperator<LoadOptions>> changes = List.of(
                options -> options.withTextEncoder(Path.of("text")),
                options -> options.withNormalizedCaptions(false),
                options -> options.withVision(LARGER),
                options -> options.withSpecialTokens(SpecialTokens.PARSED),
                options -> options.withCaptions(INSTRUCTED),
                options -> options.withExifOrientation(true),
                options -> options.withMaxPixels(7),
                options -> options.withCaptionsBy(CaptionsBy.JOINED),
                options -> options.withWeights(WeightFormat.INT8),
                options -> options.withExecution(ROUNDED));
        List<Object> values = List.of(
                Optional.of(Path.of("text")),
                Optional.of(false),
                LARGER,
                Optional.of(SpecialTokens.PARSED),
                INSTRUCTED,
                Optional.of(true),
                7L,
                Optional.of(CaptionsBy.JOINED),
                WeightFormat.INT8,
                ROUNDED);
        List<Object> defaults = all(LoadOptions.DEFAULT);
        List<Object> expected = new ArrayList<>(defaults);
        LoadOptions together = LoadOptions.DEFAULT;
        for (int i = 0; i < changes.size(); i++) {
            List<Object> one = new ArrayList<>(defaults);
            one.set(i, values.get(i));
            assertThat(all(changes.get(i).apply(LoadOptions.DEFAULT))).isEqualTo(one);
            expected.set(i, values.get(i));
            LoadOptions before = together;
            List<Object> kept = all(before);
            together = changes.get(i).apply(before);
            assertThat(all(together)).isEqualTo(expected);
            assertThat(all(before)).isEqualTo(kept);
        }
        assertThat(all(LoadOptions.DEFAULT)).isEqualTo(defaults);
        assertThat(together.model().weights()).isEqualTo(WeightFormat.INT8);
        assertThat(together.model().textEncoder()).contains(Path.of("text"));
    }
}

package io.llm2clip.model;

import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The rotary tables that EVA-CLIP's files hold, once for the tower and once for each block. The original computes with these, while ours are
 * computed, so that they follow another image size: they have to be the same.
 */
final class StoredRotary {
    private static final Pattern NAME = Pattern.compile("(blocks\\.\\d+\\.attn\\.)?rope\\.freqs_(cos|sin)");

    private StoredRotary() {}

    /**
     * Compares all tables of a checkpoint with those that are computed.
     *
     * @param prefix what the tower's tensors begin with
     * @param config of the tower as it is stored
     * @throws CheckpointException if one differs by more than its type rounds, or is of another grid
     */
    static void require(Checkpoint source, String prefix, VisionConfig config) {
        int headSize = config.hiddenSize() / config.heads();
        int patches = config.gridSide() * config.gridSide();
        for (Map.Entry<String, StoredTensor> each : source.entries().entrySet()) {
            String name = each.getKey();
            Matcher matcher = NAME.matcher(name.startsWith(prefix) ? name.substring(prefix.length()) : "");
            if (!matcher.matches()) {
                continue;
            }
            if (!each.getValue().shape().equals(List.of((long) patches, (long) headSize))) {
                throw different(
                        source,
                        name,
                        "[%d, %d] angles of %d x %d patches"
                                .formatted(patches, headSize, config.gridSide(), config.gridSide()),
                        "shape " + each.getValue().shape());
            }
            DoubleUnaryOperator function = matcher.group(2).equals("cos") ? StrictMath::cos : StrictMath::sin;
            compare(source, name, function, config.gridSide(), headSize);
        }
    }

    private static void compare(
            Checkpoint source, String name, DoubleUnaryOperator function, int gridSide, int headSize) {
        float[] stored = source.readFloats(name);
        double tolerance = tolerance(source.tensor(name));
        for (int patch = 0; patch < gridSide * gridSide; patch++) {
            double[] angles = RotaryTable.eva02Angles(gridSide, headSize, patch);
            for (int channel = 0; channel < headSize; channel++) {
                // Neighboring channels turn together.
                float expected = (float) function.applyAsDouble(angles[channel / 2]);
                float found = stored[patch * headSize + channel];
                // The negation also catches NaN.
                if (!(Math.abs(found - expected) <= tolerance)) {
                    throw different(
                            source,
                            name,
                            "%s for channel %d of patch %d".formatted(expected, channel, patch),
                            Float.toString(found));
                }
            }
        }
    }

    /** Twice what rounding to a type changes numbers of up to 1, and for f32 what comes of angles that are f32. */
    private static double tolerance(StoredTensor tensor) {
        return switch (tensor.type()) {
            case F32 -> 1e-5;
            case F16 -> 1.0 / (1 << 11);
            default -> 1.0 / (1 << 8);
        };
    }

    private static CheckpointException different(Checkpoint source, String name, String expected, String found) {
        return new CheckpointException(
                "%s: tensor '%s': expected the rotary table of an EVA02 tower that was pretrained on 16 x 16 patches, %s, found %s: a tower that turns otherwise, which is not supported; fetch the file again or use another checkpoint."
                        .formatted(source.source(), name, expected, found));
    }
}

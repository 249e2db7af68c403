package io.llm2clip.nn.optimizer;

import io.llm2clip.nn.Limit;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Smaller learning rates for the earlier layers of a vision tower: {@code decay^(L + 1 - id)}, where id is 0 for what comes before
 * the blocks, k + 1 for block k of L, and L + 1 for what comes after (BEiT, EVA).
 *
 * @param decay a factor of (0, 1], such as 0.85
 * @param layers number of blocks L
 */
public record LayerDecay(double decay, int layers) {
    public LayerDecay {
        Limit.REDUCTION.require("decay", decay);
        Limit.COUNT.require("layers", layers);
    }

    private static final Pattern BLOCK = Pattern.compile("(?:^|\\.)(?:blocks|resblocks|layers)\\.(\\d+)\\.");
    private static final List<String> BEFORE_BLOCKS =
            List.of("patch_embed", "pos_embed", "position_embedding", "positional_embedding", "cls_token", "conv1.");

    /** The factor of the learning rate of a parameter of the tower, by its name. */
    public double scale(String name) {
        return Math.pow(decay, layers + 1 - id(name));
    }

    /** The number of the block of a parameter, by its name; empty before and after the blocks. */
    public static OptionalInt block(String name) {
        Matcher block = BLOCK.matcher(name);
        return block.find() ? OptionalInt.of(Integer.parseInt(block.group(1))) : OptionalInt.empty();
    }

    private int id(String name) {
        OptionalInt block = block(name);
        if (block.isPresent()) {
            int index = block.getAsInt();
            if (index >= layers) {
                throw new IllegalArgumentException("Layer decay over " + layers + " blocks: parameter '" + name
                        + "' is of block " + index + "; expected the tower's own number of blocks.");
            }
            return index + 1;
        }
        return BEFORE_BLOCKS.stream().anyMatch(name::contains) ? 0 : layers + 1;
    }
}

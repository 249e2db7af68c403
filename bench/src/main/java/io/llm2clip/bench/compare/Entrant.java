package io.llm2clip.bench.compare;

import java.util.Map;

/**
 * A peer that takes part in a row, in one of its ways.
 *
 * @param peer the engine
 * @param variant what distinguishes the way, such as {@code compiled}; empty for the usual one
 * @param settings added to the work
 */
record Entrant(Peer peer, String variant, Map<String, String> settings) {
    static final String PRECISION = "precision";
    static final String WEIGHTS = "weights";

    static Entrant ours(String variant, Map<String, String> settings) {
        return of(Peer.LLM2CLIP, variant, settings);
    }

    static Entrant torch(String precision) {
        return of(Peer.TORCH, "", Map.of("mode", "eager", PRECISION, precision));
    }

    static Entrant compiled(String precision) {
        return of(Peer.TORCH, "compiled", Map.of("mode", "compiled", PRECISION, precision));
    }

    static Entrant onnx(Peer peer, String precision) {
        return of(peer, "", Map.of(PRECISION, precision));
    }

    private static Entrant of(Peer peer, String variant, Map<String, String> settings) {
        return new Entrant(peer, variant, Map.copyOf(settings));
    }

    String title() {
        return variant.isEmpty() ? peer.title() : peer.title() + " " + variant;
    }

    String precision() {
        return settings.getOrDefault(PRECISION, "f32");
    }

    /** The format of its weights in memory; empty for the usual one. */
    String weights() {
        return settings.getOrDefault(WEIGHTS, "");
    }
}

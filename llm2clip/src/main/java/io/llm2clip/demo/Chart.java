package io.llm2clip.demo;

import java.util.List;
import java.util.Locale;

/** A line chart as inline SVG: a value a step, drawn pale, and its running mean over it. */
final class Chart {
    private static final int WIDTH = 340;
    private static final int HEIGHT = 190;
    private static final int LEFT = 44;
    private static final int BOTTOM = 26;
    private static final int TOP = 26;
    private static final int RIGHT = 10;

    private Chart() {}

    static String of(String title, List<Float> values) {
        double low = values.stream().mapToDouble(Float::doubleValue).min().orElse(0);
        double high = values.stream().mapToDouble(Float::doubleValue).max().orElse(1);
        double span = Math.max(1e-9, high - low);
        StringBuilder svg = new StringBuilder();
        svg.append("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">".formatted(WIDTH, HEIGHT, title));
        svg.append("<text x=\"%d\" y=\"16\" class=\"title\">%s</text>".formatted(LEFT, title));
        for (int i = 0; i <= 3; i++) {
            double value = low + span * i / 3;
            double y = y(value, low, span);
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/><text x=\"%d\" y=\"%.1f\" class=\"axis\" text-anchor=\"end\">%.2f</text>",
                    LEFT,
                    WIDTH - RIGHT,
                    y,
                    y,
                    LEFT - 6,
                    y + 4,
                    value));
        }
        svg.append("<text x=\"%d\" y=\"%d\" class=\"axis\">0</text>".formatted(LEFT, HEIGHT - 8));
        svg.append("<text x=\"%d\" y=\"%d\" class=\"axis\" text-anchor=\"end\">%d steps</text>"
                .formatted(WIDTH - RIGHT, HEIGHT - 8, values.size()));
        svg.append(line(values, low, span, "raw"));
        svg.append(line(smooth(values), low, span, "smooth"));
        return svg.append("</svg>").toString();
    }

    private static String line(List<Float> values, double low, double span, String style) {
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < values.size(); i++) {
            double x = LEFT + (double) i / Math.max(1, values.size() - 1) * (WIDTH - LEFT - RIGHT);
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y(values.get(i), low, span)));
        }
        return "<polyline class=\"%s\" points=\"%s\"/>"
                .formatted(style, points.toString().strip());
    }

    private static double y(double value, double low, double span) {
        return HEIGHT - BOTTOM - (value - low) / span * (HEIGHT - BOTTOM - TOP);
    }

    /** Exponential mean over about ten steps, fewer in a short training. */
    private static List<Float> smooth(List<Float> values) {
        float[] mean = {values.isEmpty() ? 0 : values.getFirst()};
        float weight = Math.max(0.1f, Math.min(1, 12f / values.size()));
        return values.stream()
                .map(value -> mean[0] += weight * (value - mean[0]))
                .toList();
    }
}

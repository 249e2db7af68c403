package io.llm2clip.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;

/** A line chart as inline SVG: a value per step, drawn pale, and its running mean over it. */
public final class Chart {
    private static final int WIDTH = 340;
    private static final int HEIGHT = 190;
    private static final int LEFT = 44;
    private static final int BOTTOM = 26;
    private static final int TOP = 26;
    private static final int RIGHT = 10;

    private Chart() {}

    /** The chart as an element {@code svg}; its axis begins and ends at round numbers. */
    public static String of(String name, List<Float> values) {
        String title = Html.escape(name);
        double least = values.stream()
                .filter(Float::isFinite)
                .mapToDouble(Float::doubleValue)
                .min()
                .orElse(0);
        double most = values.stream()
                .filter(Float::isFinite)
                .mapToDouble(Float::doubleValue)
                .max()
                .orElse(1);
        double tick = tick(most - least);
        double low = Math.floor(least / tick) * tick;
        int ticks = (int) Math.max(1, Math.ceil((most - low) / tick - 1e-9));
        double span = ticks * tick;
        StringBuilder svg = new StringBuilder();
        svg.append("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">".formatted(WIDTH, HEIGHT, title));
        svg.append("<text x=\"%d\" y=\"16\" class=\"title\">%s</text>".formatted(LEFT, title));
        for (int i = 0; i <= ticks; i++) {
            double value = low + i * tick;
            double y = y(value, low, span);
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/><text x=\"%d\" y=\"%.1f\" class=\"axis\" text-anchor=\"end\">%s</text>",
                    LEFT,
                    WIDTH - RIGHT,
                    y,
                    y,
                    LEFT - 6,
                    y + 4,
                    BigDecimal.valueOf(value)
                            .round(new MathContext(4))
                            .stripTrailingZeros()
                            .toPlainString()));
        }
        svg.append("<text x=\"%d\" y=\"%d\" class=\"axis\">0</text>".formatted(LEFT, HEIGHT - 8));
        svg.append("<text x=\"%d\" y=\"%d\" class=\"axis\" text-anchor=\"end\">%d steps</text>"
                .formatted(WIDTH - RIGHT, HEIGHT - 8, values.size()));
        svg.append(line(values, low, span, "raw"));
        svg.append(line(smooth(values), low, span, "smooth"));
        return svg.append("</svg>").toString();
    }

    /** The distance of lines: 1, 2 or 5 times a power of ten, so that there are about four. */
    private static double tick(double range) {
        double rough = Math.max(1e-6, range / 4);
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double times = rough / power;
        return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
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

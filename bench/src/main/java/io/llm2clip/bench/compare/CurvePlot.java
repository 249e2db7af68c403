package io.llm2clip.bench.compare;

import io.llm2clip.bench.compare.RowResult.Measured;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Curves as one SVG: a panel for each, work per second over what varies, a line for each entrant. */
final class CurvePlot {
    /** Rows of curves are named {@code curve-WHAT-NUMBER}. */
    static final String PREFIX = "curve-";

    private static final int PANEL = 360;
    private static final int HEIGHT = 260;
    private static final int LEFT = 56;
    private static final int RIGHT = 12;
    private static final int TOP = 44;
    private static final int BOTTOM = 40;
    private static final List<String> COLORS = List.of("#0b6e4f", "#c8553d", "#3d5a98", "#8a6d00", "#6b4c9a");

    /** What is counted where it varies itself; otherwise it is images. */
    private static final Set<String> COUNTED = Set.of("tokens", "pairs");

    /** Of an entrant at a place of a curve. */
    private record Point(double x, double perSecond) {}

    private CurvePlot() {}

    static String svg(List<RowResult> results) {
        Map<String, List<RowResult>> curves = results.stream()
                .filter(result -> result.row().name().startsWith(PREFIX)
                        && result.subject().isPresent())
                .collect(Collectors.groupingBy(CurvePlot::variable, LinkedHashMap::new, Collectors.toList()));
        StringBuilder svg = new StringBuilder(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n"
                        .formatted(PANEL * Math.max(1, curves.size()), HEIGHT));
        svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        int left = 0;
        for (Map.Entry<String, List<RowResult>> curve : curves.entrySet()) {
            svg.append("<g transform=\"translate(%d 0)\">\n".formatted(left));
            panel(svg, curve.getKey(), curve.getValue());
            svg.append("</g>\n");
            left += PANEL;
        }
        return svg.append("</svg>\n").toString();
    }

    private static String variable(RowResult result) {
        String name = result.row().name();
        return name.substring(PREFIX.length(), name.lastIndexOf('-'));
    }

    private static double number(RowResult result) {
        String name = result.row().name();
        return Double.parseDouble(name.substring(name.lastIndexOf('-') + 1));
    }

    private static void panel(StringBuilder svg, String variable, List<RowResult> results) {
        Map<String, List<Point>> lines = lines(variable, results);
        double most = lines.values().stream()
                .flatMap(List::stream)
                .mapToDouble(Point::perSecond)
                .max()
                .orElse(1);
        text(
                svg,
                LEFT,
                18,
                "start",
                "%s per second over %s".formatted(COUNTED.contains(variable) ? variable : "images", variable));
        for (int i = 0; i <= 4; i++) {
            double y = y(most * i / 4, most);
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n",
                    LEFT,
                    PANEL - RIGHT,
                    y,
                    y));
            text(svg, LEFT - 6, y + 4, "end", String.format(Locale.ROOT, most < 10 ? "%.2f" : "%.0f", most * i / 4));
        }
        double first = number(results.getFirst());
        double last = number(results.getLast());
        for (RowResult result : results) {
            text(svg, x(number(result), first, last), HEIGHT - BOTTOM + 16, "middle", "%.0f".formatted(number(result)));
        }
        int color = 0;
        for (Map.Entry<String, List<Point>> line : lines.entrySet()) {
            String paint = COLORS.get(color % COLORS.size());
            String points = line.getValue().stream()
                    .map(point ->
                            String.format(Locale.ROOT, "%.1f,%.1f", x(point.x, first, last), y(point.perSecond, most)))
                    .collect(Collectors.joining(" "));
            svg.append("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n"
                    .formatted(paint, points));
            svg.append("<text x=\"%d\" y=\"34\" fill=\"%s\">%s</text>\n"
                    .formatted(LEFT + 100 * color, paint, line.getKey()));
            color++;
        }
    }

    private static Map<String, List<Point>> lines(String variable, List<RowResult> results) {
        Map<String, List<Point>> lines = new LinkedHashMap<>();
        for (RowResult result : results) {
            double units = variable.equals("threads") ? 1 : number(result);
            for (Measured one : result.measured()) {
                lines.computeIfAbsent(one.entrant().title(), _ -> new ArrayList<>())
                        .add(new Point(number(result), 1000 * units / one.median()));
            }
        }
        return lines;
    }

    /** Doublings are of one width. */
    private static double x(double value, double first, double last) {
        double part = last > first ? Math.log(value / first) / Math.log(last / first) : 0.5;
        return LEFT + 10 + part * (PANEL - LEFT - RIGHT - 20);
    }

    private static double y(double value, double most) {
        return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM);
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String what) {
        svg.append(String.format(
                Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what));
    }
}

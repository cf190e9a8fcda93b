# The site's image: web, worker and beat run from it, told apart by their command (docker-compose.yml).
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY . .
# Collecting static files asks neither database nor Redis; the settings only want to be told of them.
RUN DATABASE_URL=postgres://none/none REDIS_URL=redis://none SECRET_KEY=none python manage.py collectstatic --noinput \
 && useradd --system deckrental
USER deckrental

EXPOSE 8000
CMD ["gunicorn", "deckrental.wsgi:application", "--bind", "0.0.0.0:8000", "--threads", "8", "--no-control-socket"]

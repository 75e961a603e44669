"""How gunicorn runs the notes. Where to listen is said by systemd's socket, or by ``--bind``."""

wsgi_app = "notes:create_app()"

# Processes for the cores, threads for the waiting: a process for each core that this replica may
# use. Each has as many connections to PostgreSQL as threads (NOTES_POOL_SIZE).
worker_class = "gthread"
workers = 2
threads = 8

# After SIGTERM, seconds for requests that are under way; a stream lasts 20 (NOTES_LIVE_SECONDS).
# systemd and container engines must wait longer before they kill.
graceful_timeout = 25

# Longer than nginx keeps an idle connection (upstreams: keepalive_timeout), so that nginx is the
# one to close it and does not write into one that is closed here.
keepalive = 75

# Workers are replaced now and then, so that leaks do not add up; not all at the same time.
max_requests = 50_000
max_requests_jitter = 5_000

# Workers show that they live by touching a file, which must not wait for a disk.
worker_tmp_dir = "/dev/shm"

# To standard output, for the journal. With the id that nginx gave the request.
accesslog = "-"
access_log_format = '%({x-forwarded-for}i)s "%(m)s %(U)s" %(s)s %(M)sms %({x-request-id}i)s'

# The application's ProxyFix reads X-Forwarded-Proto and the like; gunicorn itself need not.
forwarded_allow_ips = ""
